"""SQLite: engine, sessions, the write lane's rules and schema migrations."""
