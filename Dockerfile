# The app of `signdata serve` in a container, for a CPU. See docs/looking.md.
#
#   docker build -t signdata .
#   docker run --rm -p 127.0.0.1:8017:8017 -v "$PWD:/data" --user "$(id -u):$(id -g)" \
#     signdata asl/ runs/asl-signnet-s0 --corrections fixes.csv
#
# Inside, the app listens on all addresses, because a published port comes from outside the
# container; who can reach it is decided by -p: keep the 127.0.0.1. Open the link that it prints
# with 127.0.0.1 in place of 0.0.0.0.
FROM python:3.12-slim

# PyTorch without CUDA: a tenth of the size. It reads runs; an ONNX file needs only onnxruntime.
RUN pip install --no-cache-dir torch --index-url https://download.pytorch.org/whl/cpu

COPY pyproject.toml README.md LICENSE constraints.txt /src/
COPY signdata /src/signdata
RUN pip install --no-cache-dir "/src[serve,train]" onnxruntime && rm -r /src

ENV HOME=/tmp ORT_DISABLE_TELEMETRY=1 OMP_NUM_THREADS=1
WORKDIR /data
USER 1000:1000
EXPOSE 8017
ENTRYPOINT ["signdata", "serve", "--host", "0.0.0.0", "--port", "8017", "--no-open"]
CMD ["--help"]
