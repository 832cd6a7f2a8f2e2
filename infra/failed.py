"""What goes wrong between the tree and a running stage. The text is for operators, as it is."""

from __future__ import annotations

from chalicelib.errors import Refusal


class PackagingFailed(Refusal):
    """The package cannot be made, or is not what it should be."""


class DeploymentFailed(Refusal):
    """The stage was not changed, or not completely; the text says which, and what to do next."""
