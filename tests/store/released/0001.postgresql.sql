
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE public.access_keys (
    access_key_id character varying(128) NOT NULL,
    secret_access_key character varying(128) NOT NULL,
    session_token character varying(2048),
    domain character varying(63) NOT NULL,
    user_profile character varying(63) NOT NULL,
    role_arn character varying(2048) NOT NULL,
    purpose character varying(256) NOT NULL,
    created double precision NOT NULL,
    expires double precision
);

CREATE TABLE public.buckets (
    name character varying(63) NOT NULL COLLATE pg_catalog."C",
    account character varying(12) NOT NULL,
    owner character varying(256) NOT NULL,
    region character varying(32) NOT NULL,
    created double precision NOT NULL
);

CREATE TABLE public.events (
    id integer NOT NULL,
    at double precision NOT NULL,
    resource_id integer NOT NULL,
    kind character varying(64) NOT NULL,
    domain character varying(63) NOT NULL,
    name character varying(256) NOT NULL,
    change character varying(16) NOT NULL,
    status character varying(64),
    actor character varying(128) NOT NULL
);

CREATE SEQUENCE public.events_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.events_id_seq OWNED BY public.events.id;

CREATE TABLE public.metric_points (
    series_id integer NOT NULL,
    "position" bigint NOT NULL,
    "timestamp" double precision NOT NULL,
    step bigint,
    value double precision NOT NULL
);

CREATE TABLE public.metric_samples (
    id integer NOT NULL,
    series_id integer NOT NULL,
    "timestamp" double precision NOT NULL,
    count double precision NOT NULL,
    total double precision NOT NULL,
    minimum double precision NOT NULL,
    maximum double precision NOT NULL,
    unit character varying(32) NOT NULL
);

CREATE SEQUENCE public.metric_samples_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.metric_samples_id_seq OWNED BY public.metric_samples.id;

CREATE TABLE public.metric_series (
    id integer NOT NULL,
    resource character varying(320) NOT NULL,
    name character varying(256) NOT NULL,
    dimension character varying(1024) NOT NULL
);

CREATE SEQUENCE public.metric_series_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.metric_series_id_seq OWNED BY public.metric_series.id;

CREATE TABLE public.objects (
    bucket character varying(63) NOT NULL COLLATE pg_catalog."C",
    key character varying(1024) NOT NULL COLLATE pg_catalog."C",
    data character varying(32) NOT NULL,
    size bigint NOT NULL,
    etag character varying(64) NOT NULL,
    modified double precision NOT NULL,
    owner character varying(256) NOT NULL,
    storage_class character varying(32) NOT NULL,
    content_type character varying(1024) NOT NULL,
    headers json NOT NULL,
    user_metadata json NOT NULL,
    tags json NOT NULL,
    checksum_type character varying(16),
    checksums json NOT NULL,
    upload character varying(64),
    parts json
);

CREATE TABLE public.parts (
    upload_id character varying(64) NOT NULL,
    number integer NOT NULL,
    data character varying(32) NOT NULL,
    size bigint NOT NULL,
    etag character varying(64) NOT NULL,
    modified double precision NOT NULL,
    checksums json NOT NULL
);

CREATE TABLE public.resources (
    id integer NOT NULL,
    kind character varying(64) NOT NULL,
    domain character varying(63) NOT NULL,
    name character varying(256) NOT NULL,
    version integer NOT NULL,
    arn character varying(2048) NOT NULL,
    owner character varying(63) NOT NULL,
    status character varying(64),
    spec json NOT NULL,
    state json NOT NULL,
    generation integer NOT NULL,
    parent_id integer,
    created double precision NOT NULL,
    modified double precision NOT NULL,
    wake_at double precision,
    lease_holder character varying(64),
    lease_until double precision
);

CREATE SEQUENCE public.resources_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.resources_id_seq OWNED BY public.resources.id;

CREATE TABLE public.routes (
    domain character varying(63) NOT NULL,
    endpoint character varying(63) NOT NULL,
    document json,
    version integer NOT NULL
);

CREATE TABLE public.tags (
    resource_id integer NOT NULL,
    key character varying(128) NOT NULL,
    value character varying(256) NOT NULL
);

CREATE TABLE public.uploads (
    id character varying(64) NOT NULL,
    bucket character varying(63) NOT NULL COLLATE pg_catalog."C",
    key character varying(1024) NOT NULL COLLATE pg_catalog."C",
    initiated double precision NOT NULL,
    owner character varying(256) NOT NULL,
    storage_class character varying(32) NOT NULL,
    content_type character varying(1024) NOT NULL,
    headers json NOT NULL,
    user_metadata json NOT NULL,
    tags json NOT NULL,
    checksum_type character varying(16),
    checksum_algorithm character varying(16)
);

ALTER TABLE ONLY public.events ALTER COLUMN id SET DEFAULT nextval('public.events_id_seq'::regclass);

ALTER TABLE ONLY public.metric_samples ALTER COLUMN id SET DEFAULT nextval('public.metric_samples_id_seq'::regclass);

ALTER TABLE ONLY public.metric_series ALTER COLUMN id SET DEFAULT nextval('public.metric_series_id_seq'::regclass);

ALTER TABLE ONLY public.resources ALTER COLUMN id SET DEFAULT nextval('public.resources_id_seq'::regclass);

INSERT INTO public.access_keys VALUES ('AKIAEXAMPLEAEA2968375695CBA','a secret',NULL, 'default', 'default', 'arn:aws:iam::000000000000:role/StudioExecutionRole', 'default user profile', 1795250141.9366703, NULL);
INSERT INTO public.access_keys VALUES ('ASIAEXAMPLE1FAAEEF76AB1C2B0','a secret','a token', 'default', 'default', 'arn:aws:iam::000000000000:role/StudioExecutionRole', 'job training-2', 1795250141.9604287, 2795250141.9604287);

INSERT INTO public.buckets VALUES ('data', '000000000000', 'default/default', 'us-east-1', 1795250141.9673939);
INSERT INTO public.buckets VALUES ('empty', '000000000000', 'default/default', 'us-east-1', 1795250141.9683542);

INSERT INTO public.events VALUES (1, 1795250141.9423895, 1, 'training-job', 'default', 'first', 'created', 'Completed', 'default');
INSERT INTO public.events VALUES (2, 1795250141.9449697, 2, 'training-job', 'default', 'second', 'created', 'InProgress', 'default');
INSERT INTO public.events VALUES (3, 1795250141.9480867, 3, 'endpoint', 'default', 'served', 'created', 'InService', 'default');
INSERT INTO public.events VALUES (4, 1795250141.949558, 4, 'training-job', 'default', 'deleted', 'created', 'Failed', 'default');
INSERT INTO public.events VALUES (5, 1795250141.9512844, 4, 'training-job', 'default', 'deleted', 'deleted', 'Failed', 'default');
INSERT INTO public.events VALUES (6, 1795250141.952688, 2, 'training-job', 'default', 'second', 'updated', 'InProgress', 'controller');

INSERT INTO public.metric_points VALUES (1, 0, 1.5, 0, 1);
INSERT INTO public.metric_points VALUES (1, 1, 1.5, 1, 0.5);
INSERT INTO public.metric_points VALUES (1, 2, 1.5, 2, 0.3333333333333333);
INSERT INTO public.metric_points VALUES (1, 3, 1.5, 3, 0.25);
INSERT INTO public.metric_points VALUES (1, 4, 1.5, 4, 0.2);

INSERT INTO public.metric_samples VALUES (1, 2, 1.5, 2, 6, 1, 5, 'Seconds');

INSERT INTO public.metric_series VALUES (1, 'training-job/first', 'loss', '');
INSERT INTO public.metric_series VALUES (2, 'custom/space', 'custom', 'a=b');

INSERT INTO public.objects VALUES ('data', 'B', '6807eafaffeb4b33931ef4d4965671a5', 1, '9d5ed678fe57bcca610140957afab571', 1795250141.972409, '', 'STANDARD', 'text/csv', '{}', '{"by": "a"}', '{"k": "v"}', NULL, '{}', NULL, 'null');
INSERT INTO public.objects VALUES ('data', 'a', 'e7723c5028a2409988fd4478f89d48e1', 1, '0cc175b9c0f1b6a831c399e269772661', 1795250141.9764068, '', 'STANDARD', 'text/csv', '{}', '{"by": "a"}', '{"k": "v"}', NULL, '{}', NULL, 'null');
INSERT INTO public.objects VALUES ('data', 'a/b', '308c5010262f47cca2b8f670c3c78951', 3, 'a7e86136543b019d72468ceebf71fb8e', 1795250141.9789972, '', 'STANDARD', 'text/csv', '{}', '{"by": "a"}', '{"k": "v"}', NULL, '{}', NULL, 'null');
INSERT INTO public.objects VALUES ('data', 'ä', '41b733289a904ef281f955c0be53c53e', 2, '8419b71c87a225a2c70b50486fbee545', 1795250141.9815059, '', 'STANDARD', 'text/csv', '{}', '{"by": "a"}', '{"k": "v"}', NULL, '{}', NULL, 'null');
INSERT INTO public.objects VALUES ('data', '😀', 'ad15e716aacb42bc872bbac79d9555f1', 4, '2a02eac39d716a70ecf37579185927b6', 1795250141.9839628, '', 'STANDARD', 'text/csv', '{}', '{"by": "a"}', '{"k": "v"}', NULL, '{}', NULL, 'null');
INSERT INTO public.objects VALUES ('data', 'parts', '12ef4f5666934d3eacabb3bdee12794c', 100, 'bccb8986cc6b395e4f045d410c776698-1', 1795250141.9963632, '', 'STANDARD', 'binary/octet-stream', '{}', '{}', '{}', 'COMPOSITE', '{"CRC32": "cho3Lw==-1"}', '18ea027e13f4a582d186cf7953b03b02ebf49a38', '[[1, 100, {"CRC32": "Xg5djw=="}]]');

INSERT INTO public.parts VALUES ('18ea027e140f106a59ee54e80c8cf4a571f42919', 1, '8fc814bea358497982fb00fec058fc43', 100, 'aed563ecafb4bcc5654c597a421547b2', 1795250141.9983187, '{}');

INSERT INTO public.resources VALUES (1, 'training-job', 'default', 'first', 0, 'arn:aws:sagemaker:us-east-1:000000000000:training-job/first', 'default', 'Completed', '{"TrainingJobName": "first", "HyperParameters": {"gr\u00f6\u00dfe": "1"}}', '{"secondary": "Completed", "transitions": []}', 1, NULL, 1795250141.9388132, 1795250141.9388132, NULL, NULL, NULL);
INSERT INTO public.resources VALUES (3, 'endpoint', 'default', 'served', 0, 'arn:aws:sagemaker:us-east-1:000000000000:endpoint/served', 'default', 'InService', '{}', '{}', 1, 2, 1795250141.9469206, 1795250141.9469206, NULL, NULL, NULL);
INSERT INTO public.resources VALUES (2, 'training-job', 'default', 'second', 0, 'arn:aws:sagemaker:us-east-1:000000000000:training-job/second', 'default', 'InProgress', '{"TrainingJobName": "second", "HyperParameters": {"gr\u00f6\u00dfe": "1"}}', '{"secondary": "Training", "transitions": []}', 1, NULL, 1795250141.9434493, 1795250141.9526803, 1795250201.953724, 'host:1:1.0', 1795250201.953724);

INSERT INTO public.routes VALUES ('default', 'served', '{"domain": "default", "endpoint": "served", "variants": []}', 1);
INSERT INTO public.routes VALUES ('default', 'gone', NULL, 3);

INSERT INTO public.tags VALUES (1, 'team', 'a');
INSERT INTO public.tags VALUES (1, 'Ärger', 'π');
INSERT INTO public.tags VALUES (2, 'team', 'a');
INSERT INTO public.tags VALUES (2, 'Ärger', 'π');

INSERT INTO public.uploads VALUES ('18ea027e140f106a59ee54e80c8cf4a571f42919', 'data', 'unfinished', 1795250141.9862375, '', 'STANDARD', 'binary/octet-stream', '{}', '{}', '{}', NULL, NULL);

SELECT pg_catalog.setval('public.events_id_seq', 6, true);

SELECT pg_catalog.setval('public.metric_samples_id_seq', 1, true);

SELECT pg_catalog.setval('public.metric_series_id_seq', 2, true);

SELECT pg_catalog.setval('public.resources_id_seq', 4, true);

ALTER TABLE ONLY public.access_keys
    ADD CONSTRAINT access_keys_pkey PRIMARY KEY (access_key_id);

ALTER TABLE ONLY public.buckets
    ADD CONSTRAINT buckets_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.metric_points
    ADD CONSTRAINT metric_points_pkey PRIMARY KEY (series_id, "position");

ALTER TABLE ONLY public.metric_samples
    ADD CONSTRAINT metric_samples_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.metric_series
    ADD CONSTRAINT metric_series_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.metric_series
    ADD CONSTRAINT metric_series_resource_name_dimension_key UNIQUE (resource, name, dimension);

ALTER TABLE ONLY public.objects
    ADD CONSTRAINT objects_data_key UNIQUE (data);

ALTER TABLE ONLY public.objects
    ADD CONSTRAINT objects_pkey PRIMARY KEY (bucket, key);

ALTER TABLE ONLY public.parts
    ADD CONSTRAINT parts_data_key UNIQUE (data);

ALTER TABLE ONLY public.parts
    ADD CONSTRAINT parts_pkey PRIMARY KEY (upload_id, number);

ALTER TABLE ONLY public.resources
    ADD CONSTRAINT resources_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.routes
    ADD CONSTRAINT routes_pkey PRIMARY KEY (domain, endpoint);

ALTER TABLE ONLY public.tags
    ADD CONSTRAINT tags_pkey PRIMARY KEY (resource_id, key);

ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_pkey PRIMARY KEY (id);

CREATE INDEX ix_access_keys_purpose ON public.access_keys USING btree (purpose);

CREATE INDEX ix_events_resource_id ON public.events USING btree (resource_id);

CREATE INDEX ix_routes_version ON public.routes USING btree (version);

CREATE INDEX metric_points_by_time ON public.metric_points USING btree (series_id, "timestamp");

CREATE INDEX metric_samples_by_time ON public.metric_samples USING btree (series_id, "timestamp");

CREATE INDEX resources_arn ON public.resources USING btree (arn);

CREATE INDEX resources_by_created ON public.resources USING btree (kind, domain, created, id);

CREATE INDEX resources_by_status ON public.resources USING btree (kind, domain, status, created, id);

CREATE INDEX resources_due ON public.resources USING btree (wake_at);

CREATE UNIQUE INDEX resources_identity ON public.resources USING btree (kind, domain, name, version);

CREATE INDEX resources_leased ON public.resources USING btree (lease_holder);

CREATE INDEX uploads_by_key ON public.uploads USING btree (bucket, key, id);

ALTER TABLE ONLY public.metric_points
    ADD CONSTRAINT metric_points_series_id_fkey FOREIGN KEY (series_id) REFERENCES public.metric_series(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.metric_samples
    ADD CONSTRAINT metric_samples_series_id_fkey FOREIGN KEY (series_id) REFERENCES public.metric_series(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.objects
    ADD CONSTRAINT objects_bucket_fkey FOREIGN KEY (bucket) REFERENCES public.buckets(name);

ALTER TABLE ONLY public.parts
    ADD CONSTRAINT parts_upload_id_fkey FOREIGN KEY (upload_id) REFERENCES public.uploads(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.resources
    ADD CONSTRAINT resources_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES public.resources(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.tags
    ADD CONSTRAINT tags_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES public.resources(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_bucket_fkey FOREIGN KEY (bucket) REFERENCES public.buckets(name);

