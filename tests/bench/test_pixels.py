import numpy as np

from synthuterus_bench.bench.pixels import blank, out_of_range


def test_blank_images_and_those_outside_the_window_are_found_and_no_image_is_both():
    images = np.random.default_rng(0).integers(1, 65535, (5, 20, 20), np.uint16)
    images[1] = 16384
    images[1, 0, :4] = 9
    images[2, :1] = 65535
    images[3] = 0
    images[4, 0, :19] = 0
    assert blank(images).tolist() == [False, True, False, True, False]
    assert out_of_range(images).tolist() == [False, False, True, False, False]
