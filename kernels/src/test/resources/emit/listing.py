#!/usr/bin/env python3
"""Makes listing.txt.gz, what GNU as (binutils 2.40) makes of each instruction that the tests' class Listing prints.

    java -cp kernels/target/classes:kernels/target/test-classes dev.faithdiff.kernels.cpu.emit.Listing | python3 listing.py | gzip -9n > listing.txt.gz

Needs as, nm and objcopy.
"""
import subprocess, sys, tempfile, os

texts = [line.rstrip("\n") for line in sys.stdin]
with tempfile.TemporaryDirectory() as folder:
    source, built, flat = (os.path.join(folder, name) for name in ("all.s", "all.o", "all.bin"))
    with open(source, "w") as out:
        print(".intel_syntax noprefix", file=out)
        for number, text in enumerate(texts):
            print(f"case_{number}:", text.replace("; ", "\n"), sep="\n", file=out)
        print("case_end:", file=out)
    subprocess.run(["as", "--64", "-o", built, source], check=True)
    subprocess.run(["objcopy", "-O", "binary", "-j", ".text", built, flat], check=True)
    symbols = subprocess.run(["nm", built], check=True, capture_output=True, text=True).stdout.split("\n")
    places = sorted(int(line.split()[0], 16) for line in symbols if "case_" in line)
    code = open(flat, "rb").read()
for text, start, end in zip(texts, places, places[1:]):
    print(code[start:end].hex(), text, sep="\t")
