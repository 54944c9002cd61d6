"""Poses: where the joints of a figure are.

Figure units: feet on (0, 0), a head's top near (0, -1), facing right. The upper body leans about
the hips; arms are given as shoulder, elbow, hand (back arm first), legs as hip, knee, foot.
"""

from __future__ import annotations

from dataclasses import dataclass

_Limb = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Pose:
    """Joints of one pose.

    Attributes:
        lean: Turn of the upper body in radians, above 0 forward.
        drop: How much lower than standing the hips are.
        lift: How far the whole figure is above the ground.
        tilt: Turn of the whole figure about its hips in radians.
    """

    back_arm: _Limb
    front_arm: _Limb
    back_leg: _Limb
    front_leg: _Limb
    lean: float = 0.0
    drop: float = 0.0
    lift: float = 0.0
    tilt: float = 0.0

    @property
    def hand(self) -> tuple[float, float]:
        """Where the front hand is, before leaning."""
        return self.front_arm[2]


_BACK_SHOULDER, _FRONT_SHOULDER = (-0.10, -0.43), (0.10, -0.43)
_BACK_HIP, _FRONT_HIP = (-0.055, -0.20), (0.055, -0.20)
_DOWN_BACK: _Limb = (_BACK_SHOULDER, (-0.17, -0.33), (-0.165, -0.23))
_DOWN_FRONT: _Limb = (_FRONT_SHOULDER, (0.17, -0.33), (0.165, -0.23))
_LEG_BACK: _Limb = (_BACK_HIP, (-0.065, -0.10), (-0.07, -0.015))
_LEG_FRONT: _Limb = (_FRONT_HIP, (0.065, -0.10), (0.075, -0.015))

POSES: dict[str, Pose] = {
    "stand": Pose(_DOWN_BACK, _DOWN_FRONT, _LEG_BACK, _LEG_FRONT),
    "hold": Pose(
        _DOWN_BACK, (_FRONT_SHOULDER, (0.18, -0.35), (0.27, -0.42)), _LEG_BACK, _LEG_FRONT
    ),
    "point": Pose(
        (_BACK_SHOULDER, (-0.20, -0.35), (-0.12, -0.27)),
        (_FRONT_SHOULDER, (0.24, -0.44), (0.37, -0.47)),
        (_BACK_HIP, (-0.08, -0.10), (-0.11, -0.015)),
        _LEG_FRONT,
        lean=0.06,
    ),
    "run": Pose(
        (_BACK_SHOULDER, (-0.22, -0.38), (-0.25, -0.27)),
        (_FRONT_SHOULDER, (0.22, -0.36), (0.27, -0.46)),
        (_BACK_HIP, (-0.12, -0.11), (-0.27, -0.10)),
        (_FRONT_HIP, (0.18, -0.15), (0.19, -0.02)),
        lean=0.24,
        lift=0.03,
    ),
    "sneak": Pose(
        (_BACK_SHOULDER, (0.02, -0.34), (0.12, -0.38)),
        (_FRONT_SHOULDER, (0.22, -0.36), (0.30, -0.44)),
        (_BACK_HIP, (-0.13, -0.10), (-0.12, -0.015)),
        (_FRONT_HIP, (0.17, -0.13), (0.13, -0.015)),
        lean=0.3,
        drop=0.05,
    ),
    "cheer": Pose(
        (_BACK_SHOULDER, (-0.25, -0.50), (-0.31, -0.66)),
        (_FRONT_SHOULDER, (0.25, -0.50), (0.31, -0.66)),
        _LEG_BACK,
        _LEG_FRONT,
        lift=0.04,
    ),
    "think": Pose(
        (_BACK_SHOULDER, (-0.15, -0.31), (0.03, -0.31)),
        (_FRONT_SHOULDER, (0.21, -0.34), (0.15, -0.47)),
        _LEG_BACK,
        _LEG_FRONT,
    ),
    "sit": Pose(
        _DOWN_BACK,
        (_FRONT_SHOULDER, (0.16, -0.33), (0.20, -0.26)),
        (_BACK_HIP, (0.10, -0.19), (0.16, -0.10)),
        (_FRONT_HIP, (0.19, -0.19), (0.25, -0.09)),
        drop=0.09,
    ),
    "fly": Pose(
        (_BACK_SHOULDER, (-0.02, -0.52), (0.03, -0.64)),
        (_FRONT_SHOULDER, (0.18, -0.52), (0.22, -0.66)),
        (_BACK_HIP, (-0.07, -0.10), (-0.10, 0.0)),
        (_FRONT_HIP, (0.05, -0.09), (0.03, 0.02)),
        lift=0.22,
        tilt=0.75,
    ),
    "fall": Pose(
        (_BACK_SHOULDER, (-0.25, -0.50), (-0.30, -0.62)),
        (_FRONT_SHOULDER, (0.25, -0.48), (0.33, -0.60)),
        (_BACK_HIP, (-0.02, -0.10), (0.08, -0.02)),
        (_FRONT_HIP, (0.16, -0.14), (0.26, -0.08)),
        lean=-0.3,
        lift=0.05,
        tilt=-0.35,
    ),
    "cower": Pose(
        (_BACK_SHOULDER, (-0.20, -0.38), (-0.17, -0.53)),
        (_FRONT_SHOULDER, (0.22, -0.38), (0.19, -0.53)),
        (_BACK_HIP, (-0.13, -0.10), (-0.09, -0.015)),
        (_FRONT_HIP, (0.14, -0.10), (0.10, -0.015)),
        lean=0.12,
        drop=0.07,
    ),
    "wave": Pose(
        _DOWN_BACK, (_FRONT_SHOULDER, (0.24, -0.46), (0.27, -0.62)), _LEG_BACK, _LEG_FRONT
    ),
}
