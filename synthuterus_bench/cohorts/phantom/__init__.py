"""The phantom: a population of sagittal pelves drawn from anatomy by MR signal equations.

A stand-in for testing and teaching, always named so. Class, masks and angles of every patient are known exactly.
"""
