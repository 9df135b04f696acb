import argparse
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("--column")
parser.add_argument("--seconds", type=float, default=0)
args = parser.parse_args()

print("looking for", args.column)
sys.stdout.flush()
time.sleep(args.seconds)
raise KeyError(f"the table has no column {args.column}")
