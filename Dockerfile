# Builds without a network from wheels beside this file: `make wheels` puts ours and all that it needs into dist/.
#   docker build -t adacolvit . && docker run -p 7862:7862 -v adacolvit:/data adacolvit
# docs/container.md says more.
ARG PYTHON=3.11
FROM python:${PYTHON}-slim
# Lent, not copied: a layer of the image would keep the wheels beside what is installed from them.
RUN --mount=type=bind,source=dist,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels adacolvit \
 && useradd --create-home painter && install -d -o painter /data
USER painter
ENV ADACOLVIT_DATA=/data
VOLUME /data
EXPOSE 7862
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7862/health')"]
# Nobody outside knows the container by its own name, which would be printed otherwise.
ENTRYPOINT ["adacolvit", "app", "--no-browser", "--host", "0.0.0.0", "--port", "7862", "--public-url", "http://localhost:7862"]
