/* What a reader has done so far, kept in localStorage under the study's id. */
const SCHEMA = "synthuterus-answers/1";

const openProgress = (study, count) => {
  const name = `synthuterus-study:${study}`;
  const fresh = () => ({
    reader: Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, "0")).join(""),
    group: null, at: 0, pending: null, finished: false,
    answers: Array(count).fill(null), ms: Array(count).fill(0),
  });
  const usable = (kept) =>
    kept && /^[0-9a-f]{16}$/.test(kept.reader) && Array.isArray(kept.answers) && Array.isArray(kept.ms) &&
    kept.answers.length === count && kept.ms.length === count && kept.at >= 0 && kept.at < count;
  const read = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(name));
      return usable(kept) ? kept : null;
    } catch { return null; }
  };

  const progress = { state: read() || fresh(), works: true };
  progress.keep = () => {
    try { localStorage.setItem(name, JSON.stringify(progress.state)); } catch { progress.works = false; }
  };
  progress.clear = () => {
    progress.state = fresh();
    progress.keep();
  };
  progress.answered = () => progress.state.answers.filter(Boolean).length;

  /* The file: each answer is chained to the one before it, the first to study, reader and group. */
  progress.file = () => {
    const { reader, group, answers, ms } = progress.state;
    let chain = sha256([SCHEMA, study, reader, group].join("|"));
    const rows = answers.map((one, k) => {
      const row = { item: k + 1, answer: one.answer, confidence: one.confidence, ms: Math.round(ms[k]) };
      chain = sha256([chain, row.item, row.answer, row.confidence, row.ms].join("|"));
      return row;
    });
    return { schema: SCHEMA, study, reader, group, consent: true, answers: rows, chain };
  };
  return progress;
};
