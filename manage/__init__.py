"""The administrator's commands, a file per noun: `python -m manage`, which ./run.sh calls."""
