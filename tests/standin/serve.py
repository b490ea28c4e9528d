"""Run the stand-in by hand: prints the environment to export, stops on Ctrl-C.

python tests/standin/serve.py
"""

import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from standin.stack import StandIn


def main() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = StandIn(schema="dev")
    try:
        for name, value in server.environment.items():
            print(f"export {name}={value}", flush=True)
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()


if __name__ == "__main__":
    main()
