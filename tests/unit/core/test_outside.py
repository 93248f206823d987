import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.core.outside import why_not

INSIDE = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.1.1",
    "192.0.2.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "fc00::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "3fff::1",
    "ff02::1",
    "localhost",
    "",
    "1",
    "0x7f.1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_nothing_is_sent_inside(address: str) -> None:
    assert why_not(address) is not None


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"]
)
def test_the_open_internet_is_reached(address: str) -> None:
    assert why_not(address) is None


@given(st.ip_addresses(v=4))
def test_an_address_dressed_as_another_kind_never_gets_further(
    address: ipaddress.IPv4Address,
) -> None:
    number = int(address)
    dressed = [number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80]

    assert [each for each in dressed if why_not(str(ipaddress.IPv6Address(each))) is None] == []
    assert why_not(f"::ffff:{address}") == why_not(str(address))
