"""Names of the results of what classifiers learn: measures of a regime, of the real images it adds to, and probes."""

F1, F1_GAIN, F1_ADDED = "macro-f1", "macro-f1-gain", "macro-f1-added"
BALANCED, AUC = "balanced-accuracy", "auc"
MEASURES = (F1, F1_GAIN, BALANCED, AUC)
MASKED, BORDER, FIELD, GAP = "probe-masked", "probe-border", "probe-field", "anatomy-gap"
PROBES = (MASKED, BORDER, FIELD)
