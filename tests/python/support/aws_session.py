"""A session of boto3 whose requests stay within this process."""

from typing import Any

import boto3
import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from moto.core.botocore_stubber import MockRawResponse
from werkzeug.test import Client

REGION = "us-west-2"


class Session(boto3.session.Session):
    """A session whose requests go to a WSGI application in this process.

    It makes one client per service and region: each costs as much as ten requests.
    """

    def __init__(self, app: Any, url: str, **options: Any) -> None:
        core: Any = botocore.session.get_session()
        core.register("before-send", self._send)
        self.app, self.url = Client(app, use_cookies=False), url
        self.made = dict[Any, Any]()
        super().__init__(botocore_session=core, **options)

    def client(  # type: ignore[override]
        self, service: Any, region_name: str = REGION, config: Any = None
    ) -> Any:
        key = (service, region_name, getattr(config, "signature_version", None))
        if key not in self.made:
            self.made[key] = super().client(
                service, region_name, config=config, endpoint_url=self.url
            )
        return self.made[key]

    def _send(self, request: Any, **_: Any) -> AWSResponse:
        body = request.body
        answer = self.app.open(
            request.url.removeprefix(self.url),
            base_url=self.url,
            method=request.method,
            headers=[
                (key, value if isinstance(value, str) else value.decode())
                for key, value in request.headers.items()
            ],
            data=body.read() if hasattr(body, "read") else body or b"",
        )
        headers = HTTPHeaders.from_pairs(answer.headers)
        raw = MockRawResponse(answer.data)
        return AWSResponse(request.url, answer.status_code, headers, raw)
