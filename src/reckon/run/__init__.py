"""RUN. The only room where money, backend and memory meet."""
