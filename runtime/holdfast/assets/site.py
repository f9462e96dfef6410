"""`Assets`: the files of one version of a script, and how they are served."""

from typing import TypeAlias

from holdfast.assets.configuration import AssetsConfig
from holdfast.assets.folder import AssetFolder
from holdfast.assets.manifest import Manifest
from holdfast.dataclass import dataclass

AssetOrigin: TypeAlias = AssetFolder | Manifest


@dataclass(frozen=True, slots=True)
class Assets:
    """Where the files are, and how they are served."""

    origin: AssetOrigin
    config: AssetsConfig
