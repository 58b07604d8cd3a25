import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, gaussian_filter

Masks = tuple[NDArray[np.bool_], NDArray[np.bool_]]


@pytest.fixture(scope="session")
def blobs() -> Masks:
    """Two masks of smooth random shapes that agree in part, (23, 31, 37)."""
    rng = np.random.default_rng(0)
    field = gaussian_filter(rng.random((23, 31, 37)), 2)
    other = field + 0.2 * gaussian_filter(rng.random(field.shape), 2)
    return field > np.quantile(field, 0.8), other > np.quantile(other, 0.75)


@pytest.fixture(scope="session")
def tubes() -> Masks:
    """Winding tubes (300, 40, 40), and the same with gaps and a spurious branch."""
    z = np.arange(300)
    line = np.zeros((300, 40, 40), bool)
    for phase in (0, 2, 4):
        y, x = 20 + 10 * np.sin(z / 15 + phase), 20 + 10 * np.cos(z / 22 + phase)
        line[z, y.astype(int), x.astype(int)] = True
    truth = binary_dilation(line, iterations=3)
    prediction = binary_dilation(line, iterations=2)
    prediction[50:80] = False
    prediction[::, 2:5, 2:5] = True
    return prediction, truth
