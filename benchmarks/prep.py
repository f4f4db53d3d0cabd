"""Scans a second of ``prep`` beside two ways to do the same by hand, and peak memory; all in one run.

    python benchmarks/prep.py [--volumes 16] [--corrected 2]

The same work for all: volumes of 24 x 320 x 320 at 0.8 mm (phantoms), loaded, resampled to 1 mm in plane, cropped to
24 x 128 x 128 at the middle, z-scored inside the body, and saved. ``loop`` is a plain loop over SimpleITK and nibabel;
``monai`` are MONAI's dictionary transforms, which have no N4. With N4 (the same parameters) on the first few volumes
only. Loop and MONAI read ``.nii.gz``; ``prep`` reads the cohort imported from them, and also finds the body by its
largest component, keeps every scan resumable (fsync), records what it did, and gives the same bytes on any number of
workers. Memory is the peak of the summed resident sets of a process and its workers. Every row is a fresh process,
timed from after its imports to its last file; starting workers counts. Seconds of processors are what compares on a
machine that is busy with other things.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

SPACING = (4.0, 0.8, 0.8)
SIDE = 128
PEOPLE = 4


def make_volumes(folder: Path, count: int) -> None:
    """``count`` NIfTI files from a few phantoms, each with a gain of its own."""
    import numpy as np
    from scipy import ndimage

    from benchmarks.n4 import draw, exams
    from synthuterus_bench.cohorts.imagefile import encode_nifti
    from synthuterus_bench.cohorts.phantom.render import SLICES

    people = [
        draw(2026, index, exam, [*range(SLICES)]).image
        for (index, exam), _ in zip(exams(2026, 3.0), range(PEOPLE), strict=False)
    ]
    grown = [ndimage.zoom(image, (1, 1.25, 1.25), order=1) for image in people]
    for number in range(count):
        pixels = np.rint(grown[number % PEOPLE] * (900 + 10 * number)).astype(np.int16)
        (folder / f"{number:03d}.nii.gz").write_bytes(encode_nifti(pixels, SPACING, windowed=False))


def imported(files: Path, out: Path) -> None:
    """The cohort that ``prep`` reads."""
    from synthuterus_bench.cohorts.imports.bids import Labels
    from synthuterus_bench.cohorts.imports.importing import ImportOptions, import_folder

    import_folder(files, out, ImportOptions("benchmark", Labels()))


def ours(data: Path, out: Path, n4: bool, workers: int) -> None:
    """``synthbench prep``."""
    from synthuterus_bench.cohorts.store import load_cohort
    from synthuterus_bench.prep.pipeline import PrepOptions
    from synthuterus_bench.prep.run import prepare_cohort
    from synthuterus_bench.vocab import Otherwise

    cohort = load_cohort(data / ("few" if n4 else "many"))
    prepare_cohort(cohort, out / "cohort", PrepOptions(dims=3, n4=n4, otherwise=Otherwise.MIDDLE), workers=workers)


def loop_one(path: Path, out: Path, n4: bool) -> None:
    """One volume by SimpleITK, read and saved by nibabel."""
    import nibabel
    import numpy as np
    import SimpleITK as sitk

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    loaded = nibabel.load(path)
    image = sitk.GetImageFromArray(np.asarray(loaded.dataobj, np.float32).T)
    image.SetSpacing([float(step) for step in loaded.header.get_zooms()])
    if n4:
        image = _loop_n4(image)
    old, new = image.GetSpacing(), (image.GetSpacing()[0], 1.0, 1.0)
    size = [round(side * step / wanted) for side, step, wanted in zip(image.GetSize(), old, new, strict=True)]
    image = sitk.Resample(image, size, sitk.Transform(), sitk.sitkBSpline, image.GetOrigin(), new, image.GetDirection())
    body = sitk.GetArrayViewFromImage(sitk.OtsuThreshold(image, 0, 1)).astype(bool)
    pixels = sitk.GetArrayViewFromImage(image)
    z = (pixels - pixels[body].mean()) / pixels[body].std()
    row, column = z.shape[0] // 2 - SIDE // 2, z.shape[1] // 2 - SIDE // 2
    nibabel.save(nibabel.Nifti1Image(z[row : row + SIDE, column : column + SIDE].T, np.eye(4)), out / path.name)


def _loop_n4(image: Any) -> Any:
    import SimpleITK as sitk

    n4 = sitk.N4BiasFieldCorrectionImageFilter()
    n4.SetNumberOfControlPoints([4, 4, 4])
    n4.SetMaximumNumberOfIterations([50] * 3)
    factors = [max(1, round(6 / step)) for step in image.GetSpacing()]
    n4.Execute(sitk.Shrink(image, factors), sitk.Shrink(sitk.OtsuThreshold(image, 0, 1), factors))
    return image / sitk.Exp(sitk.Cast(n4.GetLogBiasFieldAsImage(image), sitk.sitkFloat32))


def monai_one(path: Path, out: Path, n4: bool) -> None:
    """One volume by MONAI's dictionary transforms."""
    import torch
    from monai import transforms as t

    torch.set_num_threads(1)
    steps = [
        t.LoadImaged("image"),
        t.EnsureChannelFirstd("image"),
        t.Spacingd("image", pixdim=(SPACING[0], 1.0, 1.0), mode=3),
        t.CenterSpatialCropd("image", (24, SIDE, SIDE)),
        t.SpatialPadd("image", (24, SIDE, SIDE)),
        t.NormalizeIntensityd("image", nonzero=True),
        t.SaveImaged("image", output_dir=out, separate_folder=False, print_log=False),
    ]
    t.Compose(steps)({"image": path})


def each(one: Callable[..., None], data: Path, out: Path, n4: bool, workers: int) -> None:
    """``one`` over the files, in this process or in a pool of forked ones."""
    files = sorted((data / ("few-nifti" if n4 else "many-nifti")).glob("*.nii.gz"))
    if workers == 1:
        for path in files:
            one(path, out, n4)
    else:
        with get_context("fork").Pool(workers) as pool:
            pool.map(partial(one, out=out, n4=n4), files, chunksize=1)


WAYS: dict[str, Callable[..., None]] = {
    "prep": ours,
    "loop": partial(each, loop_one),
    "monai": partial(each, monai_one),
}
IMPORTS = {
    "prep": ["synthuterus_bench.prep.run", "SimpleITK", "nibabel"],
    "loop": ["SimpleITK", "nibabel"],
    "monai": ["monai.transforms", "nibabel", "scipy.ndimage"],
}


def work(way: str, data: Path, n4: bool, workers: int) -> None:
    """In a fresh process: import, then time the work and print the seconds."""
    from importlib import import_module

    for name in IMPORTS[way]:
        import_module(name)
    with tempfile.TemporaryDirectory(dir=data) as out:
        begun = time.perf_counter()
        spent = cpu_seconds()
        WAYS[way](data, Path(out), n4, workers)
        print(json.dumps([time.perf_counter() - begun, cpu_seconds() - spent]))


def cpu_seconds() -> float:
    """Of this process and the children it has waited for."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def measure(way: str, data: Path, n4: bool, workers: int) -> tuple[float, float, float]:
    """Seconds by the clock, seconds of processors, and peak memory of the process and its workers in MiB."""
    command = [sys.executable, __file__, "--work", way, "--data", str(data), "--workers", str(workers)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[1])}
    process = subprocess.Popen(
        [*command, *(["--n4"] if n4 else [])],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        env=environment,
    )
    peak = [0.0]
    watcher = threading.Thread(target=_watch, args=(process, peak))
    watcher.start()
    said, _ = process.communicate()
    watcher.join()
    seconds, cpu = json.loads(said.splitlines()[-1])
    return float(seconds), float(cpu), peak[0]


def _watch(process: "subprocess.Popen[str]", peak: list[float]) -> None:
    while process.poll() is None:
        peak[0] = max(peak[0], resident(process.pid))
        time.sleep(0.05)


def resident(session: int) -> float:
    """Summed resident sets of a session's processes, in MiB."""
    pages = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            pages += int(fields[21])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def environment() -> str:
    """Where this was measured."""
    names = ["SimpleITK", "nibabel", "monai", "torch", "numpy", "scipy"]
    libraries = ", ".join(f"{name} {version(name)}" for name in names)
    return (
        f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}, {libraries}"
    )


def main() -> None:
    """Make the inputs, measure every way, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--volumes", type=int, default=16, help="without N4")
    parser.add_argument("--corrected", type=int, default=2, help="with N4")
    for name in ("--work", "--data"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--n4", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        work(asked.work, Path(asked.data), asked.n4, asked.workers)
        return
    with tempfile.TemporaryDirectory() as folder:
        table(Path(folder), {False: asked.volumes, True: asked.corrected})


def table(data: Path, counts: dict[bool, int]) -> None:
    """One row a way, with and without N4, on one and two workers."""
    print(environment(), f"load {os.getloadavg()[0]:.1f}", flush=True)
    for n4, count in counts.items():
        name = "few" if n4 else "many"
        (data / f"{name}-nifti").mkdir()
        make_volumes(data / f"{name}-nifti", count)
        begun = time.perf_counter()
        imported(data / f"{name}-nifti", data / name)
        print(f"import of {count}: {count / (time.perf_counter() - begun):.2f} scans/s", flush=True)
    for n4, ways in ((False, ("prep", "loop", "monai")), (True, ("prep", "loop"))):
        for workers in (1, 2):
            rates = {}
            for way in ways:
                seconds, cpu, memory = measure(way, data, n4, workers)
                rates[way] = counts[n4] / seconds
                ratio = "" if way == "prep" else f"  prep is {rates['prep'] / rates[way]:.2f} times as fast"
                what = f"{'with N4' if n4 else 'no N4':7}  {workers} worker{'s' if workers > 1 else ' '}"
                print(
                    f"{what}  {way:5}  {rates[way]:6.2f} scans/s  {cpu / counts[n4]:6.2f} CPU s a scan"
                    f"  {memory:6.0f} MiB{ratio}",
                    flush=True,
                )


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
