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
import os, random, resource, shutil, statistics, subprocess, sys, tempfile

def cost(command, env, shell=False):
    """Processor seconds of a command and of all that it started."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=env, shell=shell, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

def pairs(name, ours, theirs, runs, fresh):
    ratios, a, b = [], [], []
    for i in range(runs + 1):
        fresh()
        x, y = ours(), theirs()
        if i:
            a.append(x); b.append(y); ratios.append(x / y)
    print("%-28s keycare %7.3f s   other %7.3f s   ratio %.3f (%.3f to %.3f), n=%d" % (
        name, statistics.median(a), statistics.median(b), statistics.median(ratios), min(ratios), max(ratios), runs), flush=True)

def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder, repos, runs = sys.argv[1], sys.argv[2:], int(os.environ.get("RUNS", "7"))
    work = tempfile.mkdtemp()
    try:
        subprocess.run(["go", "build", "-trimpath", "-o", work + "/keycare", "."], check=True, cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        r = random.Random(7)
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        secret = letters + letters.lower() + "0123456789+/"
        keys = [("AKIAX" + "".join(r.choices(letters, k=15)), "".join(r.choices(secret, k=40))) for _ in range(4)]
        os.makedirs(work + "/home/.aws", 0o700)
        with open(os.open(work + "/home/.aws/credentials", os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
            for i, (key, value) in enumerate(keys):
                f.write("[p%d]\naws_access_key_id = %s\naws_secret_access_key = %s\n" % (i, key, value))
        with open(work + "/literals", "w") as f:
            f.write("".join(key + "\n" + value + "\n" for key, value in keys))
        env = {"PATH": os.environ["PATH"], "HOME": work + "/home"}
        fresh = lambda: shutil.rmtree(work + "/home/.local", ignore_errors=True)
        scan = [work + "/keycare", "scan", "--deep", "--no-git", "--no-archives", folder]
        if shutil.which("rg"):
            pairs("files, beside rg", lambda: cost(scan, env), lambda: cost(["rg", "-uuu", "-a", "-F", "-f", work + "/literals", folder], env), runs, fresh)
        if shutil.which("gitleaks") and os.environ.get("CONFIG"):
            fresh()
            a, b = cost(scan, env), cost(["gitleaks", "dir", "--no-banner", "--config", os.environ["CONFIG"], folder], env)
            print("%-28s keycare %7.3f s   other %7.3f s   ratio 1:%.0f, n=1" % ("files, beside gitleaks", a, b, b / a))
        for repo in repos:
            pairs("objects of " + repo, lambda: cost([work + "/keycare", "scan", repo], env),
                  lambda: cost(["sh", "-c", 'git --git-dir="$0" cat-file --batch-all-objects --batch | wc -c', repo], env), runs, fresh)
    finally:
        shutil.rmtree(work)

main()
