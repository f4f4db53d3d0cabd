"""``croissant.json``: the release described to machines, Croissant 1.0 with the fields of responsible AI (RAI 1.0)."""

from typing import Any

from synthuterus_bench.cohorts.rows import PIXEL_COLUMN, features
from synthuterus_bench.release.parts import Part
from synthuterus_bench.vocab import Orientation

CROISSANT = "croissant.json"
CONFORMS = ("http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0")

_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""As the specification gives it."""

_TYPES = {"string": "sc:Text", "float32": "sc:Float", "int64": "sc:Integer", "bool": "sc:Boolean"}
_WORDS = {
    "scan_id": "name of the row",
    "sequence": "TSE or HASTE, as told",
    "view": "full or roi",
    "split": "train, always",
    "source": "synthetic, always",
    "angle_basis": "what version was measured against, where it was",
    "orientation_confidence": "0 to 1, where the class was measured",
    "prompt": "what the generator was told in words",
    "image": "16-bit gray PNG; z = value / 65535 * 16 - 4 is the z-score",
    "volume": "name of the NIfTI file whose bytes lie beside it",
    "orientation": "position of the uterus, a number of the record set orientations",
    "field_strength": "tesla, as told",
    "version_deg": "degrees, where the class was measured",
    "flexion_deg": "degrees, where the class was measured",
    "seed": "names the noise that the row was drawn from",
    "generator": "model id and the first digits of the digest of its weights",
    "max_similarity": "largest cosine to a training image",
    "spacing_mm": "millimetres along each axis",
}
EMPTY = ("patient_id", "mask", "vendor", "contrast", "session", "slice_mm", "figo")
"""Columns of the schema that are empty in every release."""


def describe(parts: list[Part], facts: dict[str, Any], rai: str) -> dict[str, Any]:
    """The JSON-LD of a release.

    Args:
        facts: what the templates of the card are filled with.
        rai: YAML of the fields of responsible AI, without their prefix.
    """
    import yaml

    kinds = ", ".join(f"{part.rows:,} {part.kind} in {part.config}" for part in parts)
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": facts["title"].replace(" ", "-"),
        "description": f"Synthetic sagittal T2-weighted uterine MRI: {kinds}. Filtered, not proven private.",
        "conformsTo": [*CONFORMS],
        "license": facts["terms"].url,
        "version": "1.0.0",
        "citeAs": facts["citation"],
        "isLiveDataset": False,
        "keywords": ["MRI", "uterus", "synthetic", *(["phantom"] if facts["phantom"] else [])],
        "distribution": [_files(part) for part in parts],
        "recordSet": [_orientations(), *(_records(part) for part in parts)],
        **{f"rai:{name}": value for name, value in yaml.safe_load(rai).items()},
    }


def _files(part: Part) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"files-{part.config}",
        "name": f"files-{part.config}",
        "encodingFormat": "application/x-parquet",
        "includes": f"{part.config}/train-*.parquet",
    }


def _orientations() -> dict[str, Any]:
    def field(name: str, kind: str) -> dict[str, Any]:
        return {"@type": "cr:Field", "@id": f"orientations/{name}", "name": name, "dataType": kind}

    return {
        "@type": "cr:RecordSet",
        "@id": "orientations",
        "name": "orientations",
        "dataType": "sc:Enumeration",
        "key": {"@id": "orientations/number"},
        "field": [field("number", "sc:Integer"), field("name", "sc:Text")],
        "data": [
            {"orientations/number": number, "orientations/name": str(name)} for number, name in enumerate(Orientation)
        ],
    }


def _records(part: Part) -> dict[str, Any]:
    columns = features(part.manifest.dims)
    return {
        "@type": "cr:RecordSet",
        "@id": str(part.config),
        "name": str(part.config),
        "description": f"{part.rows} {part.kind} of {part.header['model']}",
        "field": [_field(part, name, columns[name]) for name in columns if name not in EMPTY],
    }


def _field(part: Part, name: str, feature: Any) -> dict[str, Any]:
    source: dict[str, Any] = {"fileSet": {"@id": f"files-{part.config}"}, "extract": {"column": name}}
    field = {"@type": "cr:Field", "@id": f"{part.config}/{name}", "name": name, "description": _WORDS[name]}
    if name == PIXEL_COLUMN[2]:
        return field | {"dataType": "sc:ImageObject", "source": source | {"transform": {"jsonPath": "bytes"}}}
    if name == PIXEL_COLUMN[3]:
        return field | {"dataType": "sc:Text", "source": source | {"transform": {"jsonPath": "path"}}}
    if name == "orientation":
        number = {"field": {"@id": "orientations/number"}}
        return field | {"dataType": "sc:Integer", "source": source, "references": number}
    if name == "spacing_mm":
        return field | {"dataType": "sc:Float", "repeated": True, "source": source}
    return field | {"dataType": _TYPES[feature.dtype], "source": source}
