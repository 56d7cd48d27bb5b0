#!/usr/bin/env python3
"""scan-cost.py FOLDER [GIT_DIR]... : what keycare scan costs beside other programs.

Builds keycare, makes up four keys, and runs in turn, RUNS times (7, or as that variable
says) after one run that does not count:
  files    keycare scan --deep --no-git --no-archives FOLDER    rg -uuu -a -F, for the same IDs and secrets
  gitleaks the same                                             gitleaks dir FOLDER, if CONFIG names its settings; once
  objects  keycare scan GIT_DIR                                 git cat-file --batch-all-objects --batch | wc -c
Prints the medians of the processor seconds and of their ratio pair by pair. Nothing is
written but to a temporary folder.
"""
import os
import random
import resource
import shutil
import string
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

LINE = "%-28s keycare %7.3f s   other %7.3f s   ratio "


def cost(command, env):
    """Processor seconds of a command and of all that it started."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if code not in (0, 1):  # 1: something was found, or nothing
        sys.exit(f"{command[0]} failed with exit code {code}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def pairs(name, ours, theirs, env, runs, forget):
    """Runs both commands in turn; forget takes away what keycare remembers."""
    costs = []
    for _ in range(runs + 1):
        forget()
        costs.append((cost(ours, env), cost(theirs, env)))
    costs = costs[1:]
    ratios = [a / b for a, b in costs]
    medians = median(a for a, _ in costs), median(b for _, b in costs)
    print((LINE + "%.3f (%.3f to %.3f), n=%d") % (name, *medians, median(ratios), min(ratios), max(ratios), runs), flush=True)


def make_keys(home, literals):
    """Writes a credentials file with four keys, and their texts one a line."""
    rand = random.Random(7)
    letters = string.ascii_letters + string.digits + "+/"
    keys = [("AKIAX" + "".join(rand.choices(string.ascii_uppercase, k=15)), "".join(rand.choices(letters, k=40)))
            for _ in range(4)]
    folder = home / ".aws"
    folder.mkdir(mode=0o700, parents=True)
    file = folder / "credentials"
    file.touch(mode=0o600)
    file.write_text("".join(f"[p{i}]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
                            for i, (key, secret) in enumerate(keys)))
    literals.write_text("".join(f"{key}\n{secret}\n" for key, secret in keys))


def measure(work, folder, repos, runs, config):
    keycare, home, literals = work / "keycare", work / "home", work / "literals"
    subprocess.run(["go", "build", "-trimpath", "-o", keycare, "."], check=True, cwd=Path(__file__).resolve().parent.parent)
    make_keys(home, literals)
    env = {"PATH": os.environ["PATH"], "HOME": str(home)}

    def forget():
        shutil.rmtree(home / ".local", ignore_errors=True)

    scan = [keycare, "scan", "--deep", "--no-git", "--no-archives", folder]
    if shutil.which("rg"):
        pairs("files, beside rg", scan, ["rg", "-uuu", "-a", "-F", "-f", literals, folder], env, runs, forget)
    if config and shutil.which("gitleaks"):
        forget()
        ours, theirs = cost(scan, env), cost(["gitleaks", "dir", "--no-banner", "--config", config, folder], env)
        print((LINE + "1:%.0f, n=1") % ("files, beside gitleaks", ours, theirs, theirs / ours))
    for repo in repos:
        cat = ["sh", "-c", 'git --git-dir="$0" cat-file --batch-all-objects --batch | wc -c', repo]
        pairs("objects of " + repo, [keycare, "scan", repo], cat, env, runs, forget)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as work:
        measure(Path(work), sys.argv[1], sys.argv[2:], int(os.environ.get("RUNS", "7")), os.environ.get("CONFIG"))


if __name__ == "__main__":
    main()
