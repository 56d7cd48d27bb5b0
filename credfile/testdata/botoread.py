"""Reads shared files as botocore does, one case per line of stdin, as JSON.

A case holds base64 texts "credentials" and "config" and a list "profiles". The
answer holds, for each file, its sections (for the config file its profiles) or
null where botocore rejects it, and, for each profile, the key that botocore's
two file providers find in their order, null for none, or "error".
"""

import base64
import json
import os
import sys
import tempfile

from botocore import configloader, credentials, exceptions


def sections(load, path):
    try:
        return load(path)
    except exceptions.ConfigParseError:
        return None


def key(creds, config, profile):
    try:
        configloader.load_config(config)  # a session loads it before any provider
        found = (
            credentials.SharedCredentialProvider(creds, profile).load()
            or credentials.ConfigProvider(config, profile).load()
        )
    except exceptions.BotoCoreError:
        return "error"
    if found is None:
        return None
    return [found.access_key, found.secret_key, found.token]


def main():
    with tempfile.TemporaryDirectory() as folder:
        creds = os.path.join(folder, "credentials")
        config = os.path.join(folder, "config")
        for line in sys.stdin:
            case = json.loads(line)
            for path, name in ((creds, "credentials"), (config, "config")):
                with open(path, "wb") as f:
                    f.write(base64.b64decode(case[name]))
            loaded = sections(configloader.load_config, config)
            answer = {
                "credentials": sections(configloader.raw_config_parse, creds),
                "config": loaded and loaded["profiles"],
                "keys": {p: key(creds, config, p) for p in case["profiles"] or []},
            }
            if loaded is not None:
                answer["config"] = loaded["profiles"]
            json.dump(answer, sys.stdout)
            print()


main()
