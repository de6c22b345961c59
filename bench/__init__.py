"""What is measured, and against what: ./run.sh bench."""
