#!/bin/sh
# Double-click this in the Finder to open Cairn.
exec "$(dirname "$0")/run"
