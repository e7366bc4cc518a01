"""Checks requests that are signed for AWS (Signature Version 4), from what arrived alone."""
import hashlib
import hmac
import re

CREDENTIAL = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, "
                        r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$")


def digest(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signer_of(method: str, path: str, headers: dict, body: bytes, secrets: dict) -> dict:
    """Who signed: {key, region, service, signed}. `secrets`: access key -> secret key.

    Raises ValueError when the signature is not theirs. Paths must be free of queries.
    """
    sent = {name.lower(): value.strip() for name, value in headers.items()}
    match = CREDENTIAL.match(sent.get("authorization", ""))
    if match is None:
        raise ValueError(f"not signed: {sent.get('authorization')}")
    key, day, region, service, names, signature = match.groups()
    lines = "".join(f"{name}:{sent[name]}\n" for name in names.split(";"))
    canonical = "\n".join([method, path, "", lines, names, hashlib.sha256(body).hexdigest()])
    scope = f"{day}/{region}/{service}/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", sent["x-amz-date"], scope,
                         hashlib.sha256(canonical.encode()).hexdigest()])
    derived = ("AWS4" + secrets[key]).encode()
    for part in (day, region, service, "aws4_request"):
        derived = digest(derived, part)
    if digest(derived, to_sign).hex() != signature:
        raise ValueError(f"wrong signature of {key}")
    return {"key": key, "region": region, "service": service, "signed": names.split(";")}
