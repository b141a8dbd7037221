# syntax=docker/dockerfile:1
# Built once, on the builder's own architecture: nothing in it is native (test/image.test.ts), so the tree fits both platforms.
FROM --platform=$BUILDPLATFORM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY scripts/image-prune.ts scripts/
# The type checker and the test tools stay in this stage; image-prune.ts leaves out what no running program reads.
RUN node_modules/.bin/tsc -p tsconfig.build.json && npm prune --omit=dev && node scripts/image-prune.ts .

# No shell and no package manager.
FROM gcr.io/distroless/nodejs24-debian12:nonroot
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="cognito-gate" \
      org.opencontainers.image.description="Amazon Cognito sign-in and group policies for apps behind ingress-nginx or Traefik" \
      org.opencontainers.image.source="https://github.com/cognito-gate/cognito-gate" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# Writes nothing: fit for a read-only root file system. The numeric id satisfies runAsNonRoot.
USER 65532:65532
# decisions, sign-in, admission, operations
EXPOSE 8080 8081 8443 9090
ENTRYPOINT ["/nodejs/bin/node", "--enable-source-maps", "/app/dist/main.js"]
CMD ["--help"]
