"""Photos as training keeps them, decoded by processes that have no use for torch."""

import numpy as np
from PIL import AvifImagePlugin, Image

from adacolvit.errors import DataError
from adacolvit.photosets import decode

# Pillow gives every decoder a thread for each core. There are as many decoders here as cores, and photos so small are
# decoded by one thread for less work.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def shrunk(photo: Image.Image, short_side: int) -> Image.Image:
    """A photo at the size that is kept for training."""
    scale = short_side / min(photo.size)
    if scale >= 1:
        return photo
    return photo.resize((round(photo.width * scale), round(photo.height * scale)), Image.BICUBIC)


def opened(short_side: int, file: tuple[str, bytes]) -> tuple[np.ndarray, int] | DataError:
    """A photo (H, W, 3) uint8 sRGB of a file (name, content), and the file's bytes; or why it cannot be used."""
    name, content = file
    try:
        return np.asarray(shrunk(decode(name, content), short_side)), len(content)
    except DataError as error:
        return error


def lost(file: tuple[str, bytes]) -> DataError:
    """What is told of a file over which the process ended."""
    return DataError(f"the process that decoded {file[0]} ended: free some memory, or leave this photo out")
