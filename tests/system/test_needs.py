"""A test that cannot run says why."""

import pytest

from tests.system.needs import need_command, packages


def test_a_missing_command_is_named_with_its_package() -> None:
    with pytest.raises(pytest.skip.Exception, match=r"no frobnicate here: .* debootstrap"):
        need_command("frobnicate", "debootstrap")


def test_a_package_that_nobody_installs_is_no_excuse() -> None:
    with pytest.raises(AssertionError, match="please add no-such-package"):
        need_command("frobnicate", "no-such-package")


def test_the_list_of_packages_has_names_alone() -> None:
    assert "systemd-container" in packages()
    assert not any(" " in name for name in packages())
