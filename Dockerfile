FROM python:3.13-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /sparkify
COPY . .
RUN make setup PYTHON=python3
ENTRYPOINT [".venv/bin/python", "scripts/warehouse.py"]
CMD ["--help"]
