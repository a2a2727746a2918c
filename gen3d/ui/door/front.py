"""Under which names this server answers, behind what, and whose pages may write to it.

A page of somebody else in the same browser must neither read nor drive a server that runs on a laptop: neither by its
own name led to 127.0.0.1 (DNS rebinding: the Host is wrong), nor across sites (the Origin is wrong).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from gen3d.ui.door.refused import Refused

LOCAL = ("localhost", "127.0.0.1", "[::1]", "0.0.0.0")
ANY = "*"
IP = "ip"
"""Stands for every address in figures: what checks whether a Space is well asks by such."""
FRAMES_OF_A_SPACE = ("https://huggingface.co", "https://*.hf.space")
HEADERS_OF_A_PROXY = (b"x-forwarded-host", b"x-forwarded-proto", b"x-gradio-server")


@dataclass(frozen=True, slots=True)
class Front:
    """How the server is reached."""

    names: tuple[str, ...] = LOCAL
    """Hosts, without ports; ".hf.space" is all below it, "*" any, "ip" any address in figures."""
    proxied: bool = False
    """Whether a proxy stands before it, whose X-Forwarded-... are believed."""
    frames: tuple[str, ...] = ()
    """Whose pages may show this one inside theirs."""

    def knows(self, host: str, also: str = "") -> bool:
        """Whether this server is called so; also: one more name."""
        name = _name(host)
        for known in filter(None, (*self.names, also)):
            below = known.startswith(".") and name.endswith(known)
            if known == ANY or name == known or below or (known == IP and _is_ip(name)):
                return True
        return False


THIS_MACHINE = Front()


def front_of(environment: Mapping[str, str], server_name: str, share: bool) -> Front:
    """As the environment says.

    server_name: what is listened on: served on this machine alone, only its own names count; served to all without a
    name, any. GEN3D_HOSTS: the names instead, with commas. On a Space (SPACE_ID) its own, SPACE_HOST. share: whether a
    public link is asked for, whose name the door learns later. A proxy's X-Forwarded-For is believed on a Space, with a
    public link, and where GEN3D_PROXY=1 says so; else nobody can pass for another address.
    """
    on_space = bool(environment.get("SPACE_ID"))
    named = tuple(name.strip().lower() for name in environment.get("GEN3D_HOSTS", "").split(",") if name.strip())
    if on_space:
        named += (environment.get("SPACE_HOST", "").lower(), ".hf.space", IP)
    elif not named:
        named = {"0.0.0.0": (ANY,), "": (), "::": (ANY,)}.get(server_name, (_name(server_name),))
    told = environment.get("GEN3D_PROXY", "") not in ("", "0")
    return Front(
        (*LOCAL, *filter(None, named)), on_space or share or told, FRAMES_OF_A_SPACE if on_space else ()
    )


def check_host(front: Front, headers: Mapping[str, str], also: str = "") -> None:
    """Refuses a request under a name that is not this server's."""
    if not all(front.knows(host, also) for host in _asked(front, headers)):
        raise Refused(421, "This server has another name. Whoever runs it can add this one to GEN3D_HOSTS.")


def check_origin(front: Front, headers: Mapping[str, str], also: str = "") -> None:
    """Refuses a write that another site's page has sent; without an Origin no browser sent it."""
    origin = headers.get("origin")
    asked = map(_authority, _asked(front, headers))
    own = origin is None or _authority(urlsplit(origin).netloc) in asked or _is_named(front, origin, also)
    if not own or headers.get("sec-fetch-site") == "cross-site":
        raise Refused(403, "This came from another site's page. Open this server's own page instead.")


def without_foreign(front: Front, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """What Gradio gets to see: no Origin, so that it allows none to read along; no proxy's word without a proxy."""
    hidden = (b"origin",) if front.proxied else (b"origin", *HEADERS_OF_A_PROXY)
    return [(name, value) for name, value in headers if name.lower() not in hidden]


def address_of(front: Front, client: tuple[str, int] | None, headers: Mapping[str, str]) -> str:
    """Who asks: the peer, or behind a proxy the right-most public address in X-Forwarded-For.

    What stands left of that is hearsay. IPv6 counts by the /64 that one customer has.
    """
    if not front.proxied:
        # uvicorn believes X-Forwarded-For of a peer on this machine, and then sets the port to 0
        return _network(client[0] if client and client[1] else "127.0.0.1")
    hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",")]
    public = [hop for hop in hops if _is_ip(hop) and ipaddress.ip_address(hop).is_global]
    return _network(public[-1] if public else client[0] if client else "127.0.0.1")


def _asked(front: Front, headers: Mapping[str, str]) -> list[str]:
    """The hosts, with ports, that a request is for: its own, and what it was at a proxy's door."""
    hosts = [headers.get("host", "")]
    if front.proxied and headers.get("x-forwarded-host"):
        hosts.append(headers["x-forwarded-host"].split(",")[0].strip())
    return hosts


def _is_named(front: Front, origin: str, also: str) -> bool:
    """Whether the origin is a name that was set, not merely any."""
    netloc = urlsplit(origin).netloc
    named = tuple(name for name in front.names if name not in (ANY, IP, *LOCAL) and not name.startswith("."))
    return Front(named).knows(netloc, also)


def _authority(netloc: str) -> str:
    """Host and port, as browsers write them; the usual ports are left out."""
    return netloc.lower().removesuffix(":80").removesuffix(":443")


def _name(host: str) -> str:
    host = host.strip().lower().rstrip(".")
    return host.partition("]")[0] + "]" if host.startswith("[") else host.rpartition(":")[0] or host


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _network(address: str) -> str:
    if ":" not in address or not _is_ip(address):
        return address
    found = ipaddress.ip_address(address.strip("[]"))
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or ipaddress.ip_network((found, 64), strict=False))
