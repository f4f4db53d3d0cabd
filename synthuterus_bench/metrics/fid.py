"""Fréchet Inception Distance (Heusel et al. 2017) at four layers of torch-fidelity's Inception-v3.

At a few hundred images the 2048 features of the paper's metric put two samples of one distribution far apart;
the 64 features after the first pooling do not. Each is reported beside its floor.
"""

from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.frechet import frechet_metric

FID_64 = frechet_metric("fid-64", Need.INCEPTION_64)
FID_192 = frechet_metric("fid-192", Need.INCEPTION_192)
FID_768 = frechet_metric("fid-768", Need.INCEPTION_768)
FID_2048 = frechet_metric("fid-2048", Need.INCEPTION_2048)
FID = (FID_2048, FID_768, FID_192, FID_64)
