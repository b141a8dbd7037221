# The image runs what `tsc` built; the type checker and the test tools stay in the first stage.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN node_modules/.bin/tsc -p tsconfig.build.json && npm ci --omit=dev

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# Writes nothing: fit for a read-only root file system. The numeric id satisfies runAsNonRoot.
USER 65532:65532
# decisions, sign-in, operations
EXPOSE 8080 8081 9090
ENTRYPOINT ["node", "--enable-source-maps", "dist/main.js"]
CMD ["--help"]
