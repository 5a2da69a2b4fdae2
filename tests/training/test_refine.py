"""The refinement that training goes through is the product's, and has the right gradient."""

import numpy as np
import torch

from adacolvit.hints.sampling import sample_places
from adacolvit.runtime import refine as product
from adacolvit.training.refine import refine


def scene(height, width, counts, sizes=(2, 7), seed=0):
    rng = np.random.default_rng(seed)
    lightness = rng.uniform(0, 100, (len(counts), height, width)).cumsum(2).astype(np.float32) % 100
    ab = rng.uniform(-60, 60, (len(counts), 2, height, width)).astype(np.float32)
    places = sample_places(rng, counts, height, width, sizes)
    asked = rng.uniform(-80, 80, (*places[0].shape, 2)).astype(np.float32)
    return lightness, ab, *places, asked


def test_each_image_is_refined_as_in_the_product():
    lightness, ab, rows, columns, sizes, asked = scene(48, 80, [0, 1, 9, 40])
    batched = refine(*(torch.from_numpy(v) for v in (lightness[:, None], ab, rows, columns, sizes, asked)))
    for i, got in enumerate(batched.numpy()):
        used = sizes[i] > 0
        hints = rows[i, used], columns[i, used], sizes[i, used], asked[i, used]
        np.testing.assert_allclose(got, product.refine(lightness[i], ab[i], *hints), atol=2e-2)


def test_of_hints_at_one_place_the_last_counts():
    lightness, ab, *_ = scene(32, 32, [0])
    rows = columns = torch.tensor([[4, 4, 4]])
    sizes, asked = torch.tensor([[2, 3, 0]]), torch.tensor([[[50.0, 0.0], [0.0, 50.0], [9.0, 9.0]]])
    got = refine(torch.from_numpy(lightness)[None], torch.from_numpy(ab), rows, columns, sizes, asked)[0]
    wanted = product.refine(lightness[0], ab[0], rows[0, 1:2], columns[0, 1:2], sizes[0, 1:2], asked[0, 1:2].numpy())
    np.testing.assert_allclose(got.numpy(), wanted, atol=2e-2)


def test_the_gradient_is_that_of_the_function():
    lightness, ab, rows, columns, sizes, asked = (torch.from_numpy(v) for v in scene(16, 16, [3, 0]))
    ab = ab.double().requires_grad_()
    weight = torch.randn(ab.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def total(color):
        return (refine(lightness[:, None].double(), color, rows, columns, sizes, asked.double()) * weight).sum()

    (gradient,) = torch.autograd.grad(total(ab), ab)
    step = torch.zeros_like(ab)
    step[0, 1, 5, 6] = 1e-4
    with torch.no_grad():
        slope = (total(ab + step) - total(ab - step)) / 2e-4
    torch.testing.assert_close(gradient[0, 1, 5, 6], slope)
