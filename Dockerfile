# The application: not root, no network at run time. See docs/deployment.md.
FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 MPLCONFIGDIR=/tmp/matplotlib
WORKDIR /srv/fingerspell

# What MediaPipe loads; everything else comes with the wheels.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libegl1 libgles2 \
    && rm -rf /var/lib/apt/lists/*

COPY requirements/cpu.lock requirements/
RUN pip install --require-hashes --no-deps --requirement requirements/cpu.lock

COPY fingerspell fingerspell
COPY app app
COPY models/released models/released

RUN useradd --system --uid 10001 --home-dir /nonexistent fingerspell
USER fingerspell

# Answers to these names only: add yours. The port is published to the machine's loopback by whoever runs this.
ENV FINGERSPELL_HOSTS=""
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=20s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/api/v1/alphabets', timeout=3)"]
CMD ["python", "-m", "app", "--host", "0.0.0.0", "--port", "8000"]
