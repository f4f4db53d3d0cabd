"""SynthUterus Bench: build, audit, release and judge synthetic uterine MRI."""

__version__ = "0.1.0"
