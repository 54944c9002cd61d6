from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw

from longbox.book import Direction, Panel, TextKind
from longbox.errors import ConfigError, ModelError, PageError
from longbox.geometry import Box
from longbox.text import TextOptions, TextReader

from conftest import font, page_with_balloon, vertical_page  # isort: skip
