"""Fréchet Inception Distance (Heusel et al. 2017) at two layers, through torch-fidelity's Inception-v3.

At a few hundred images the 2048 features of the paper's metric put two samples of one distribution far apart;
the 64 features after the first pooling do not. Both are reported, each beside its floor.
"""

from synthuterus_bench.metrics.base import Metric, Need
from synthuterus_bench.metrics.frechet import measure_frechet

FID_2048 = Metric("fid-2048", Need.INCEPTION_2048, "lower", measure_frechet, low=0.0)
FID_64 = Metric("fid-64", Need.INCEPTION_64, "lower", measure_frechet, low=0.0)
