"""What breaks the real thing: processes that are killed, wires that are cut, disks that fail, clocks that go back."""
