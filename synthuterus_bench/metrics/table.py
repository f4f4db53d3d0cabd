"""The table of metrics: one line each."""

from synthuterus_bench.metrics.base import Metric
from synthuterus_bench.metrics.fid import FID_64, FID_2048
from synthuterus_bench.metrics.frechet import FD_EMBEDDER
from synthuterus_bench.metrics.irs import IRS
from synthuterus_bench.metrics.kid import KID_EMBEDDER
from synthuterus_bench.metrics.lpips import LPIPS
from synthuterus_bench.metrics.prdc import PRDC
from synthuterus_bench.metrics.shares import ANATOMY

METRICS: dict[str, Metric] = {
    metric.name: metric for metric in (FID_2048, FID_64, LPIPS, FD_EMBEDDER, KID_EMBEDDER, IRS, *PRDC, *ANATOMY)
}
