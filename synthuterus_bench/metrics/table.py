"""The table of metrics: one line each."""

from synthuterus_bench.metrics.authpct import AUTHPCT
from synthuterus_bench.metrics.base import Metric
from synthuterus_bench.metrics.copying import CT
from synthuterus_bench.metrics.fid import FID
from synthuterus_bench.metrics.frechet import FD_EMBEDDER, FD_RESNET18, FD_SWAV
from synthuterus_bench.metrics.irs import IRS, IRS_INFINITY
from synthuterus_bench.metrics.kid import KID, KID_EMBEDDER
from synthuterus_bench.metrics.lpips import LPIPS, LPIPS_DIVERSITY, LPIPS_NEAREST
from synthuterus_bench.metrics.prdc import PRDC
from synthuterus_bench.metrics.shares import ANATOMY

_EVERY: tuple[Metric, ...] = (
    *FID,
    *KID,
    LPIPS,
    LPIPS_NEAREST,
    LPIPS_DIVERSITY,
    FD_EMBEDDER,
    KID_EMBEDDER,
    FD_SWAV,
    FD_RESNET18,
    IRS,
    IRS_INFINITY,
    *PRDC,
    AUTHPCT,
    CT,
    *ANATOMY,
)
METRICS: dict[str, Metric] = {metric.name: metric for metric in _EVERY}
