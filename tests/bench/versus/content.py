"""What is moved."""

import hashlib
import random


class Content:
    """The file that is moved: random bytes, the same for the same seed."""

    def __init__(self, folder, size, seed):
        folder.mkdir()
        self.path = folder / "content.bin"
        generator, digest = random.Random(seed), hashlib.sha256()
        with open(self.path, "wb") as file:
            while size:
                data = generator.randbytes(min(size, 1 << 20))
                digest.update(data)
                size -= file.write(data)
        self.sha256 = digest.hexdigest()
