"""``python -m synthuterus_bench``."""

from synthuterus_bench.cli import main

main()
