"""The databases the store can stand on, one file each."""
