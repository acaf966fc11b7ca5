"""What people see: representations, and the queries behind them."""
