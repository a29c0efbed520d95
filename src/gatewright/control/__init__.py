"""What people may do, one file per noun: checked, written and audited in one transaction."""
