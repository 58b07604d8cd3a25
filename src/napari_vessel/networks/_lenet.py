"""A small convolutional network after LeCun et al. 1998, to train from scratch."""

from __future__ import annotations

from torch import nn

__all__ = ["lenet"]

_WIDTHS = (16, 32, 64)
_EDGE = 4  # of the last feature map, in pixels


def lenet(in_channels: int, size: int, dropout: float) -> nn.Sequential:
    """Return stages of convolution, ReLU and pooling, and their 1024 features.

    LeNet-5 with what has been found better since: ReLU, batch normalisation, maxima in
    place of means, dropout, and wider stages. Where the image is so small that another
    halving would leave less than 4 pixels, a stage does not pool.

    Parameters
    ----------
    in_channels
        Of the image.
    size
        Edge of the image, in pixels.
    dropout
        Of the head; the stages leave out a fifth of that share of their channels.

    Returns
    -------
    nn.Sequential
        From (N, ``in_channels``, H, W) to (N, 1024).

    Notes
    -----
    LeCun, Bottou, Bengio and Haffner 1998, doi:10.1109/5.726791.
    """
    stages: list[nn.Module] = []
    for before, width in zip((in_channels, *_WIDTHS), _WIDTHS, strict=False):
        stages += [nn.Conv2d(before, width, 5, padding=2), nn.BatchNorm2d(width), nn.ReLU()]
        if size // 2 >= _EDGE:
            size //= 2
            stages.append(nn.MaxPool2d(2))
        stages.append(nn.Dropout2d(dropout / 5))
    return nn.Sequential(*stages, nn.AdaptiveAvgPool2d(_EDGE), nn.Flatten())
