"""Runs a command in a network of its own, whose only way out is a wire that is listened to.

``python wire_tap.py REPORT COMMAND …`` inside ``unshare -rnm``. Whatever the command sends beyond
this machine, be it Python or not, goes to a TUN device; where to is written to REPORT as JSON.
"""

from __future__ import annotations

import fcntl
import ipaddress
import json
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path

_DEVICE = "wire0"
_TUNSETIFF, _TUN_WITHOUT_HEAD = 0x400454CA, 0x0001 | 0x1000
_KERNEL = (0, 58)
"""Of IPv6: what the system itself says when a device comes up."""
_NAMES = {1: "icmp", 6: "tcp", 17: "udp"}
_SERVER_OF_NAMES = "10.77.0.1"


def main(report: Path, command: list[str]) -> int:
    """Run the command and report; return its exit code."""
    wire = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(wire, _TUNSETIFF, struct.pack("16sH", _DEVICE.encode(), _TUN_WITHOUT_HEAD))
    servers = report.with_name("resolv.conf")
    servers.write_text(f"nameserver {_SERVER_OF_NAMES}\noptions timeout:1 attempts:1\n")
    for line in (
        "ip link set lo up",
        f"ip address add 10.77.0.2/24 dev {_DEVICE}",
        f"ip -6 address add fd77::2/64 dev {_DEVICE} nodad",
        f"ip link set {_DEVICE} up",
        f"ip route add default dev {_DEVICE}",
        f"ip -6 route add default dev {_DEVICE}",
        f"mount --bind {servers} /etc/resolv.conf",
    ):
        subprocess.run(line.split(), check=True)
    heard: list[str] = []
    threading.Thread(target=_listen, args=(wire, heard), daemon=True).start()
    code = subprocess.run(command, check=False).returncode
    report.write_text(json.dumps(sorted(set(heard))))
    return code


def _listen(wire: int, heard: list[str]) -> None:
    while True:
        packet = os.read(wire, 65536)
        if packet[0] >> 4 == 4:
            kind, address, body = packet[9], packet[16:20], packet[4 * (packet[0] & 15) :]
        else:
            kind, address, body = packet[6], packet[24:40], packet[40:]
            if kind in _KERNEL:
                continue
        port = int.from_bytes(body[2:4]) if kind in (6, 17) else 0
        heard.append(f"{_NAMES.get(kind, kind)} {ipaddress.ip_address(address)}:{port}")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
