"""Tests of the pages: in Chromium, against the service as a process."""
