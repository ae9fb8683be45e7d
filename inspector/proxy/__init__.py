"""The live proxy: mitmproxy embedded, flows turned into exchanges, findings shown and saved as traffic passes."""
