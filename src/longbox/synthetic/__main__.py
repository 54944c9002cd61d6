"""Draw the README's picture: `python -m longbox.synthetic docs/pictures/longbox.jpg`."""

import sys

from longbox.synthetic.poster import draw_poster

if __name__ == "__main__":
    draw_poster(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures/longbox.jpg")
