"""A local S3 server for tests: moto's, installed by `make test-batch`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The URL of an empty bucket."""
    pytest.importorskip("s3fs", reason="make test-batch installs it")
    server = pytest.importorskip("moto.server", reason="make test-batch installs it").ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (keys | {"AWS_ENDPOINT_URL": f"http://{host}:{port}"}).items():
            patch.setenv(name, value)
        import s3fs

        s3fs.S3FileSystem().mkdir("photos")
        yield "s3://photos"
    server.stop()
