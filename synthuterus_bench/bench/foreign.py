"""Sets of images that this project may not have made, read scan by scan: a release, a cohort, or folders a class."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from synthuterus_bench.bench.plain import read_images
from synthuterus_bench.cohorts.layout import config_of, configs_in
from synthuterus_bench.cohorts.record import Dims, Manifest, Scan
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.errors import CohortError, SubmissionError
from synthuterus_bench.prep.spatial import PIXEL_MM
from synthuterus_bench.repro import digest_array, digest_json
from synthuterus_bench.vocab import CLASSES, VIEW_SIZE, Split, View


@dataclass(frozen=True)
class ForeignSet:
    """What is to be filtered or audited: a manifest as a cohort has it, and the scans in their stored order."""

    path: Path
    manifest: Manifest
    held: tuple[Scan, ...] | None = None

    def __len__(self) -> int:
        return sum(self.manifest.splits.values())

    def scans(self) -> Iterator[Scan]:
        """Scans in the 16-bit window.

        Raises:
            CohortError: a shard is damaged.
        """
        yield from load_cohort(self.path).scans() if self.held is None else self.held


def read_foreign(path: Path, view: View, dims: Dims = 2) -> ForeignSet:
    """Open a set; images in class folders are read at once, cohorts as they are asked for.

    Of a release it is the config of that view, images or volumes, where it has one.

    Raises:
        CohortError: it is of another view or not prepared.
        SubmissionError: it is neither a cohort nor a folder with a subfolder a class.
    """
    if not path.exists():
        raise SubmissionError(f"{path}: nothing there, expected a release, a cohort or a folder of images by class")
    if path.is_dir() and (any(path.glob("cohort.json")) or any(path.glob("*/cohort.json"))):
        own = config_of(view, dims)
        return _cohort(path / own if own in configs_in(path) else path, view)
    images = read_images(path, VIEW_SIZE[view])
    content = [digest_array(pixels) for pixels in images.pixels]
    held = tuple(
        Scan(
            scan_id=f"image-{number:05d}",
            pixels=pixels,
            spacing_mm=(PIXEL_MM, PIXEL_MM),
            split=Split.TRAIN,
            source="unknown",
            view=view,
            orientation=CLASSES[label],
        )
        for number, (pixels, label) in enumerate(zip(images.pixels, images.labels, strict=True))
    )
    manifest = Manifest(
        name="images",
        view=view,
        dims=2,
        intensity="window",
        splits={Split.TRAIN: len(held)},
        digest=digest_json(content),
    )
    return ForeignSet(path, manifest, held)


def _cohort(path: Path, view: View) -> ForeignSet:
    cohort = load_cohort(path)
    if cohort.manifest.view is not view:
        raise CohortError(f"{path}: found view {cohort.manifest.view}, expected {view} as the reference has it")
    if cohort.manifest.intensity != "window":
        raise CohortError(f"{path}: not a prepared cohort", f"prepare it first: synthbench prep {path} --out DIR")
    if not len(cohort):
        raise CohortError(f"{path}: found no scans, expected some")
    return ForeignSet(path, cohort.manifest)
